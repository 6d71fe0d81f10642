"""The database where the ORM is too slow or says too little: prepared statements, COPY, columns, transactions."""
