package tracing

import (
	"strconv"
	"strings"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"glovebox"
)

// Variables are those that processes which make spans must be given, where
// their environment is put together for them.
func Variables() []string {
	names := []string{"OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_EXPORTER",
		"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
		"OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}
	for _, what := range []string{"ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "INSECURE", "CERTIFICATE",
		"CLIENT_CERTIFICATE", "CLIENT_KEY"} {
		names = append(names, "OTEL_EXPORTER_OTLP_"+what, "OTEL_EXPORTER_OTLP_TRACES_"+what)
	}
	return names
}

// wanted says whether spans are to be made: if there is an endpoint.
func wanted(getenv func(string) string) (bool, error) {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") ||
		getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return false, nil
	}
	for _, e := range []struct{ name, only string }{
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"}, {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"},
	} {
		if v := getenv(e.name); v != "" && v != e.only {
			return false, unusable(e.name, v, "traces are sent by "+e.only+" alone")
		}
	}
	switch v := getenv("OTEL_TRACES_EXPORTER"); v {
	case "", "otlp":
		return true, nil
	case "none":
		return false, nil
	default:
		return false, unusable("OTEL_TRACES_EXPORTER", v, "use otlp or none")
	}
}

// sampler decides by the trace's id alone, so that both processes decide alike
// about a job. No job has a parent, so "parentbased_" makes no difference.
func sampler(getenv func(string) string) (sdk.Sampler, error) {
	const name, arg = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"
	switch v := getenv(name); strings.TrimPrefix(v, "parentbased_") {
	case "", "always_on":
		return sdk.AlwaysSample(), nil
	case "always_off":
		return sdk.NeverSample(), nil
	case "traceidratio":
		ratio := 1.0
		if a := getenv(arg); a != "" {
			var err error
			if ratio, err = strconv.ParseFloat(a, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
				return nil, unusable(arg, a, "use a number from 0 to 1")
			}
		}
		return sdk.TraceIDRatioBased(ratio), nil
	default:
		return nil, unusable(name, v, "use always_on, always_off or traceidratio")
	}
}

func unusable(name, value, hint string) error {
	return glovebox.Errorf(glovebox.KindUsage, "%q cannot be used", value).On(name).Try("%s", hint)
}
