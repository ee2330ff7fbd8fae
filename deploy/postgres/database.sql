-- Run once by the container of compose.yaml's profile `postgres`, when its volume is empty. Patchbay's user owns the
-- database and may do nothing else; the server's own user can only enter from within the container.
\set password `cat /run/secrets/postgres_password`
CREATE USER patchbay PASSWORD :'password';
CREATE DATABASE patchbay OWNER patchbay ENCODING 'UTF8' TEMPLATE template0;
ALTER USER postgres PASSWORD NULL;
