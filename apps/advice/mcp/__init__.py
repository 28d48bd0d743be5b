"""The Model Context Protocol: what an architect's assistant may ask. It reads, values, and stores nothing."""
