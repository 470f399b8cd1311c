{{- define "tributary.labels" -}}
app.kubernetes.io/name: tributary
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "tributary.name" -}}
{{ .root.Release.Name | trunc 40 | trimSuffix "-" }}-{{ .service }}
{{- end }}

{{- define "tributary.secretEnv" -}}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .ref.name }}, key: {{ .ref.key }} } }
{{- end }}

{{/* The pod of a service: root, service, port, values, secretEnv (a list of name and ref), volume (bool). */}}
{{- define "tributary.pod" -}}
metadata:
  labels: {{- include "tributary.labels" . | nindent 4 }}
spec:
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds }}
  automountServiceAccountToken: false
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile: { type: RuntimeDefault }
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: { matchLabels: {{ include "tributary.labels" $ | fromYaml | toJson }} }
    {{- end }}
  containers:
    - name: {{ .service }}
      image: "{{ .root.Values.image.registry }}/tributary-{{ .service }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
      ports: [{ name: http, containerPort: {{ .port }} }]
      env:
        {{- include "tributary.secretEnv" (dict "name" "REDIS_URL" "ref" .root.Values.secrets.redis) | nindent 8 }}
        {{- range .secretEnv }}
        {{- include "tributary.secretEnv" . | nindent 8 }}
        {{- end }}
        - { name: TRIBUTARY_PARTITIONS, value: {{ .root.Values.partitions | quote }} }
        {{- if eq .service "worker" }}
        - name: TRIBUTARY_WORKER_ID
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        {{- end }}
        {{- if .root.Values.traces.jaegerEndpoint }}
        - { name: OTEL_EXPORTER_JAEGER_ENDPOINT, value: {{ .root.Values.traces.jaegerEndpoint | quote }} }
        {{- else }}
        - { name: OTEL_TRACES_EXPORTER, value: none }
        {{- end }}
        {{- range $name, $value := .values.env }}
        - { name: {{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      # Startup waits for Redis for 30 s by itself; reports migrates its warehouse before it listens.
      startupProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 2, failureThreshold: 60 }
      # Healthy is to make progress; Redis being away is readiness, and no restart would help.
      livenessProbe: { httpGet: { path: /healthz, port: http }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 }
      readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 2 }
      {{- if eq .service "gateway" }}
      # Time for the proxies to hear that it leaves. Node is in the image, a shell need not be.
      lifecycle: { preStop: { exec: { command: [node, -e, "setTimeout(() => {}, 5000)"] } } }
      {{- end }}
      resources: {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        {{- if .volume }}
        - { name: data, mountPath: /var/lib/tributary }
        {{- end }}
  volumes:
    - { name: tmp, emptyDir: { sizeLimit: 1Gi } }
{{- end }}
