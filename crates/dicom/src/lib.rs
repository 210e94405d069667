//! Finds the series in a folder of anything and reads them as volumes.
