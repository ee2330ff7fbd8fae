"""The only place that speaks SQL, and the vault that encrypts what it holds."""
