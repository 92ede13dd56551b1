# What the token of the operator-management-service may do in Vault: read the newest credentials of each operator.
path "secret/data/smpp/*" {
  capabilities = ["read"]
}
