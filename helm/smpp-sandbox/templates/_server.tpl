{{/*
One server: a Deployment of one pod, and a Service. name: of the Service; label: app.kubernetes.io/name of the pod, by
which smpp-connector's NetworkPolicy finds it; port: of the pod; servicePort: of the Service, else the same; secret: of
that name, mounted at /etc/sandbox; env, args, command: of the container; user: uid it runs as; runDir: another folder that it writes to, beside /tmp and /scratch.
*/}}
{{- define "smpp-sandbox.server" }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  labels:
    app.kubernetes.io/name: {{ .label }}
    app.kubernetes.io/part-of: smpp-sandbox
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .label }}
      app.kubernetes.io/part-of: smpp-sandbox
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .label }}
        app.kubernetes.io/part-of: smpp-sandbox
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ .user }}
        runAsGroup: {{ .user }}
        fsGroup: {{ .user }}
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: server
          image: {{ .image }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          {{- with .command }}
          command: {{ toJson . }}
          {{- end }}
          {{- with .args }}
          args: {{ toJson . }}
          {{- end }}
          {{- with .env }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          ports:
            - name: server
              containerPort: {{ .port }}
          readinessProbe:
            tcpSocket:
              port: server
            periodSeconds: 2
          resources:
            requests:
              cpu: 50m
              memory: 64Mi
            limits:
              memory: 512Mi
          volumeMounts:
            - name: scratch
              mountPath: /scratch
            - name: tmp
              mountPath: /tmp
            {{- with .runDir }}
            - name: run
              mountPath: {{ . }}
            {{- end }}
            {{- if .secret }}
            - name: secret
              mountPath: /etc/sandbox
              readOnly: true
            {{- end }}
      volumes:
        - name: scratch
          emptyDir: {}
        - name: tmp
          emptyDir: {}
        {{- if .runDir }}
        - name: run
          emptyDir: {}
        {{- end }}
        {{- with .secret }}
        - name: secret
          secret:
            secretName: {{ . }}
            defaultMode: 0440
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels:
    app.kubernetes.io/name: {{ .label }}
    app.kubernetes.io/part-of: smpp-sandbox
spec:
  selector:
    app.kubernetes.io/name: {{ .label }}
    app.kubernetes.io/part-of: smpp-sandbox
  ports:
    - name: server
      port: {{ .servicePort | default .port }}
      targetPort: server
{{- end }}
