#!/bin/sh
# Builds a Vault server from its Go module: for machines that reach the Go module proxy and no registry
# with Vault in it. Needs go 1.25; some eight minutes and 4 GB of caches. Source: github.com/hashicorp/vault 1.21.4 (BUSL).
#
# As a module it gets the newest released sdk, whose three newer signatures its code does not know yet.
set -eu
version=v1.21.4
place=${1:?folder to build in}
mkdir -p "$place" && cd "$place"

printf 'module local/vault\ngo 1.25.0\n' > go.mod
printf '//go:build tools\n\npackage tools\n\nimport _ "github.com/hashicorp/vault"\n' > tools.go
go get "github.com/hashicorp/vault@$version"
cp -r "$(go list -m -f '{{.Dir}}' github.com/hashicorp/vault)" source && chmod -R u+w source

sed -i 's/\(activateDeduplication(ctx context.Context, req \*logical.Request\)) error/\1, _ string) error/' \
    source/vault/identity_store_util.go
sed -i 's/ActivationFunc(ctx, nil)/ActivationFunc(ctx, nil, "")/' source/vault/logical_system_activation_flags.go
sed -i 's/restoredKeyName, err := b.lm.RestorePolicy(/restoredKeyName, err := keyName, b.lm.RestorePolicy(/' \
    source/builtin/logical/transit/path_restore.go
go mod edit -replace github.com/hashicorp/vault=./source
GOFLAGS=-mod=mod go build -o vault github.com/hashicorp/vault
