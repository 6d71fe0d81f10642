"""Files of rows: read and refused record by record, written whole or not at all."""
