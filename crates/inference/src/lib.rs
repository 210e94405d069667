//! Networks on volumes: ONNX models as people have them, from scan to structures.
