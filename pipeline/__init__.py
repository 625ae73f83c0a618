"""The work. Knows neither Prefect nor the command line."""
