{{/* What a schema cannot say, or not clearly: passwords in the wrong place, and what must fit together. */}}
{{- define "smpp-connector.validate" -}}
{{- $problems := list -}}
{{- range $name, $role := dict "migrations" .Values.migrations "postgres" .Values.postgres -}}
{{- if or (regexMatch "://[^/@]*:[^/@]*@" $role.dsn) (regexMatch "(?i)password *=" $role.dsn) -}}
{{- $problems = append $problems (printf "%s.dsn holds a password: it belongs into a Secret, see %s.passwordSecret" $name $name) -}}
{{- end -}}
{{- end -}}
{{- if contains "@" .Values.redis.url -}}
{{- $problems = append $problems "redis.url holds credentials: put the whole URL into a Secret, see redis.urlSecret" -}}
{{- end -}}
{{- if contains "@" .Values.nats.url -}}
{{- $problems = append $problems "nats.url holds credentials: the service takes an NKey, see nats.nkeySecret" -}}
{{- end -}}
{{- $seen := dict -}}
{{- range .Values.operators -}}
{{- if hasKey $seen .operatorId -}}
{{- $problems = append $problems (printf "operators: %s is listed twice" .operatorId) -}}
{{- end -}}
{{- $_ := set $seen .operatorId true -}}
{{- $operator := .operatorId -}}
{{- range .endpoints -}}
{{- if not (or (regexMatch (include "smpp-connector.ipv4Hosts" .) .cidr) (regexMatch "^[0-9a-fA-F:]+/12[0-8]$" .cidr)) -}}
{{- $problems = append $problems (printf "operators: %s: cidr %q is not a host like 198.51.100.10/32, nor a network of at most 256 addresses" $operator .cidr) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "\"cidr\":\"[^\"]*/0\"" (toJson .Values.networkPolicy) -}}
{{- $problems = append $problems "networkPolicy: an ipBlock of /0 allows every address" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not .Values.operators) -}}
{{- $problems = append $problems "autoscaling.enabled: nothing to look at, operators is empty" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (lt (int .Values.autoscaling.maxReplicas) (int .Values.replicas)) -}}
{{- $problems = append $problems "autoscaling.maxReplicas is below replicas" -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\n- %s" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}

{{/* An IPv4 network of at most 256 addresses. */}}
{{- define "smpp-connector.ipv4Hosts" -}}
^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])[./]){4}(2[4-9]|3[0-2])$
{{- end -}}
