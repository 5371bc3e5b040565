"""What the user sees when something goes wrong: a sentence, never a traceback."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import streamlit as st

from mlpcore.errors import MLPError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


@contextmanager
def sentences() -> Iterator[None]:
    """Show errors of the part of a page inside as one sentence; the rest goes on.

    This is the boundary between the program and the reader: what is not meant for
    users is logged with its traceback.
    """
    try:
        yield
    except MLPError as error:
        st.error(str(error), icon=":material/error:")
    except Exception:
        log.exception("A page could not be drawn")
        st.error(
            "Something went wrong while this part of the page was drawn. Nothing you "
            "submitted is lost: reload the page, and if it happens again, ask the "
            "administrator to look into the server's log.",
            icon=":material/error:",
        )
