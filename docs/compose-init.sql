-- The application's role owns its database, but row-level security binds it.
CREATE ROLE counterfoil LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'set-me-from-your-secret-store';
CREATE DATABASE counterfoil OWNER counterfoil ENCODING 'UTF8' TEMPLATE template0;
