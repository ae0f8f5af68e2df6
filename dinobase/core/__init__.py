"""What every layer may use: errors, values, settings, secrets, time."""
