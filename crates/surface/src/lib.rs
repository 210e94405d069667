//! Closed, oriented surfaces of structures, their checks, and STL, OBJ and PLY.
