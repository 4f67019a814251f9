"""Programs that a sandbox must hold, or let pass, and the proof that it does: `acecoder prove-sandbox`."""
