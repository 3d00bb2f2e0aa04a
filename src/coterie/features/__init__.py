"""What entities are described by: blocks of named columns aligned on one entity index."""
