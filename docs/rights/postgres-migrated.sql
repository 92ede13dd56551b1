-- Once, by smpp_owner, after the first `smpp-connector migrate`: which migrations have run is not the service's to say.
REVOKE INSERT, UPDATE, DELETE ON smpp.schema_migrations FROM smpp_connector;
