#!/bin/sh
# As the public image does it: role and database are made by a first start without a port, then the server begins.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin)
data=/tmp/data
password_file=$(mktemp)
printf %s "$POSTGRES_PASSWORD" > "$password_file"
"$bin/initdb" -D $data -U "$POSTGRES_USER" --pwfile="$password_file" --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync > /dev/null
rm "$password_file"
echo "host all all all scram-sha-256" >> $data/pg_hba.conf
"$bin/pg_ctl" -D $data -w -o "-c listen_addresses='' -c unix_socket_directories=/tmp" start
PGPASSWORD=$POSTGRES_PASSWORD "$bin/createdb" -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
"$bin/pg_ctl" -D $data -w -m fast stop
exec "$bin/postgres" -D $data -c "listen_addresses=*" -c unix_socket_directories=/tmp
