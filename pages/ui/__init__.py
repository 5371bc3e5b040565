"""Forms, views and components that the pages are put together from."""
