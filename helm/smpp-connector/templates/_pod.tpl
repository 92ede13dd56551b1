{{/* What every pod of the chart has in common: who it runs as, its image, its settings and its files. */}}

{{- define "smpp-connector.podSettings" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "smpp-connector.containerSettings" -}}
image: {{ include "smpp-connector.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* preStop, DRAIN_TIMEOUT_S, and 10 s for the actor system to end. */}}
{{- define "smpp-connector.gracePeriodSeconds" -}}
{{ add 5 .Values.drainTimeoutS 10 }}
{{- end -}}

{{/* Short commands: no more than a Python process needs. */}}
{{- define "smpp-connector.commandResources" -}}
resources:
  requests:
    cpu: 50m
    memory: 96Mi
  limits:
    memory: 192Mi
{{- end -}}

{{- define "smpp-connector.postgresEnv" -}}
{{- include "smpp-connector.postgresEnvOf" (dict "root" . "role" .Values.postgres) }}
{{- end -}}

{{/* Of the role that owns the schema, where that is another one. */}}
{{- define "smpp-connector.ownerEnv" -}}
{{- $role := ternary .Values.migrations .Values.postgres (ne .Values.migrations.dsn "") }}
{{- include "smpp-connector.postgresEnvOf" (dict "root" . "role" $role) }}
{{- end -}}

{{- define "smpp-connector.postgresEnvOf" -}}
- name: POSTGRES_DSN
  value: {{ .role.dsn | quote }}
{{- with .role.passwordSecret }}
{{- if .name }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- if .root.Values.postgres.caSecret.name }}
- name: PGSSLROOTCERT
  value: /etc/smpp-connector/postgres-ca/ca.crt
{{- end }}
{{- end -}}

{{/* The settings of the service but those of Postgres and of the ConfigMap. */}}
{{- define "smpp-connector.serviceEnv" -}}
- name: CONNECTOR_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- with .Values.redis.urlSecret }}
{{- if .name }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Volume and mount of a Secret's key as the file NAME/FILE below /etc/smpp-connector; nothing where no Secret is named. */}}
{{- define "smpp-connector.secretVolume" -}}
{{- if .secret.name }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret.name }}
    defaultMode: 0440
    items:
      - key: {{ .secret.key }}
        path: {{ .file }}
{{- end }}
{{- end -}}

{{- define "smpp-connector.secretMount" -}}
{{- if .secret.name }}
- name: {{ .name }}
  mountPath: /etc/smpp-connector/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}

{{- define "smpp-connector.postgresVolumes" -}}
{{- include "smpp-connector.secretVolume" (dict "name" "postgres-ca" "file" "ca.crt" "secret" .Values.postgres.caSecret) }}
{{- end -}}

{{- define "smpp-connector.postgresMounts" -}}
{{- include "smpp-connector.secretMount" (dict "name" "postgres-ca" "secret" .Values.postgres.caSecret) }}
{{- end -}}

{{/* Everything that the service and `check` read; /tmp holds RUNTIME_DIR. */}}
{{- define "smpp-connector.serviceVolumes" -}}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 256Mi
- name: operator-management
  secret:
    secretName: {{ .Values.operatorManagement.tlsSecret.name }}
    defaultMode: 0440
{{- include "smpp-connector.secretVolume" (dict "name" "nats" "file" "seed" "secret" .Values.nats.nkeySecret) }}
{{- include "smpp-connector.secretVolume" (dict "name" "nats-ca" "file" "ca.crt" "secret" .Values.nats.caSecret) }}
{{- include "smpp-connector.secretVolume" (dict "name" "redis-ca" "file" "ca.crt" "secret" .Values.redis.caSecret) }}
{{- include "smpp-connector.postgresVolumes" . }}
{{- end -}}

{{- define "smpp-connector.serviceMounts" -}}
- name: tmp
  mountPath: /tmp
- name: operator-management
  mountPath: /etc/smpp-connector/operator-management
  readOnly: true
{{- include "smpp-connector.secretMount" (dict "name" "nats" "secret" .Values.nats.nkeySecret) }}
{{- include "smpp-connector.secretMount" (dict "name" "nats-ca" "secret" .Values.nats.caSecret) }}
{{- include "smpp-connector.secretMount" (dict "name" "redis-ca" "secret" .Values.redis.caSecret) }}
{{- include "smpp-connector.postgresMounts" . }}
{{- end -}}
