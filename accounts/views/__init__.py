"""Pages of people, teams and provider accounts."""
