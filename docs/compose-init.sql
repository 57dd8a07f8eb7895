-- The application's role owns its database, but row-level security binds it.
\getenv application_password APPLICATION_PASSWORD
CREATE ROLE counterfoil LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'application_password';
CREATE DATABASE counterfoil OWNER counterfoil ENCODING 'UTF8' TEMPLATE template0;
