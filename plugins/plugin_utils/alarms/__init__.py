"""CloudWatch alarms as data: definitions, facts about metrics, checks, evaluation offline, and the template."""
