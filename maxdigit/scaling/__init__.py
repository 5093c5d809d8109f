"""Past one machine: scoring millions of pictures, and models served by a cluster. Ray is loaded only when asked for."""
