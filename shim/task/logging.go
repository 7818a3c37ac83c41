package task

import (
	"context"
	"log/slog"
	"path"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Logged logs every call with its duration. Answers that are normal in a
// task's life are debug output; the others are worth a line.
func Logged(log *slog.Logger) ttrpc.UnaryServerInterceptor {
	return func(ctx context.Context, unmarshal ttrpc.Unmarshaler, info *ttrpc.UnaryServerInfo, method ttrpc.Method) (any, error) {
		began := time.Now()
		resp, err := method(ctx, unmarshal)
		level := slog.LevelDebug
		switch status.Code(err) {
		case codes.Unknown, codes.Internal, codes.Unavailable, codes.DeadlineExceeded:
			level = slog.LevelWarn
		}
		if log.Enabled(ctx, level) {
			log.Log(ctx, level, "call", "method", path.Base(info.FullMethod), "took", time.Since(began), "error", err)
		}
		return resp, err
	}
}
