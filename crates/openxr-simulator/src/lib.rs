//! A simulated OpenXR runtime, scripted from a file or a socket.
