{{/* Egress rules of NetworkPolicies. A rule with an empty `to` would allow everything, so none is ever written. */}}

{{- define "smpp-connector.dnsEgress" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    - protocol: UDP
      port: {{ .Values.networkPolicy.dns.port }}
    - protocol: TCP
      port: {{ .Values.networkPolicy.dns.port }}
{{- end -}}

{{/* To one service: an entry of networkPolicy with `to` and `port`. */}}
{{- define "smpp-connector.egress" -}}
- to:
    {{- toYaml .to | nindent 4 }}
  ports:
    - protocol: TCP
      port: {{ .port }}
{{- end -}}

{{/* To the servers of the platform, all but the operators. */}}
{{- define "smpp-connector.platformEgress" -}}
{{ include "smpp-connector.dnsEgress" . }}
{{- range list "nats" "redis" "postgres" "operatorManagement" }}
{{ include "smpp-connector.egress" (index $.Values.networkPolicy .) }}
{{- end }}
{{- end -}}

{{/* The MNO allowlist: each address with its own port. */}}
{{- define "smpp-connector.operatorEgress" -}}
{{- range .Values.operators }}
{{- range .endpoints }}
{{ include "smpp-connector.egress" (dict "to" (list (dict "ipBlock" (dict "cidr" .cidr))) "port" .port) }}
{{- end }}
{{- end }}
{{- end -}}
