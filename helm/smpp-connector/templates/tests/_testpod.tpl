{{/* A pod that runs one command with the settings of the service. args: of smpp-connector. */}}
{{- define "smpp-connector.testPod" -}}
restartPolicy: Never
serviceAccountName: {{ include "smpp-connector.fullname" .root }}
{{ include "smpp-connector.podSettings" .root }}
containers:
  - name: test
    {{- include "smpp-connector.containerSettings" .root | nindent 4 }}
    args: {{ toJson .args }}
    envFrom:
      - configMapRef:
          name: {{ include "smpp-connector.fullname" .root }}
    env:
      {{- include "smpp-connector.serviceEnv" .root | nindent 6 }}
      {{- include "smpp-connector.postgresEnv" .root | nindent 6 }}
    {{- include "smpp-connector.commandResources" .root | nindent 4 }}
    volumeMounts:
      {{- include "smpp-connector.serviceMounts" .root | nindent 6 }}
volumes:
  {{- include "smpp-connector.serviceVolumes" .root | nindent 2 }}
{{- end -}}
