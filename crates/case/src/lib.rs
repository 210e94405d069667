//! A case on disk: volumes, structures, plan, audit log, manifest.
