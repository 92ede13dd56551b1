-- Once, by a superuser in the database smpp, before the first `smpp-connector migrate`. psql's \password gives each role
-- its password. After that migrate: postgres-migrated.sql.
CREATE ROLE smpp_owner LOGIN;      -- for `migrate`
CREATE ROLE smpp_connector LOGIN;  -- for `run`, `check` and `sweep`; owns nothing

REVOKE ALL ON DATABASE smpp FROM PUBLIC;
GRANT CONNECT ON DATABASE smpp TO smpp_owner, smpp_connector;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA smpp AUTHORIZATION smpp_owner;
GRANT USAGE ON SCHEMA smpp TO smpp_connector;
ALTER DEFAULT PRIVILEGES FOR ROLE smpp_owner IN SCHEMA smpp
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO smpp_connector;
