{{/*
One Secret from Vault. at: below externalSecrets.path; keys: property in Vault by key of the Secret; isHook: the
migration needs it before the release is there. A hook is made anew at each upgrade, so that Secret must outlive it.
*/}}
{{- define "smpp-connector.externalSecret" }}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {{ .secret }}
  labels:
    {{- include "smpp-connector.labels" .root | nindent 4 }}
  {{- if .isHook }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-10"
    helm.sh/hook-delete-policy: before-hook-creation
  {{- end }}
spec:
  refreshInterval: {{ .root.Values.externalSecrets.refreshInterval }}
  secretStoreRef:
    {{- toYaml .root.Values.externalSecrets.store | nindent 4 }}
  target:
    name: {{ .secret }}
    creationPolicy: {{ ternary "Orphan" "Owner" (.isHook | default false) }}
    {{- with .type }}
    template:
      type: {{ . }}
    {{- end }}
  data:
    {{- range $key, $property := .keys }}
    - secretKey: {{ $key }}
      remoteRef:
        key: {{ $.root.Values.externalSecrets.path }}/{{ $.at }}
        property: {{ $property }}
    {{- end }}
{{- end -}}
