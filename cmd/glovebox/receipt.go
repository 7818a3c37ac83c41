package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"os"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
	"glovebox/receipt"
)

func (a *app) receiptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "receipt", Short: "Get and check signed statements of what ran", Args: noSuchCommand,
		Long: `When nothing of a job is left, the service signs a statement of what ran, under
which policy, with which result. It is checked with the service's public key alone,
without the service; see docs/receipts.md.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.receiptGetCommand(), a.receiptVerifyCommand(), a.receiptKeysCommand(), a.receiptSchemaCommand(), a.receiptRotateCommand())
	return cmd
}

func (a *app) receiptGetCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "get JOB", Short: "Get the receipt of a job", Args: takes(1, 1),
		Long: `Get the receipt of a job, byte for byte as it was signed. If the job is not
archived yet, it is waited for.`,
		Example: "  glovebox receipt get j0123456789abcdefghjk -o receipt.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				id, err := jobID(cmd.Context(), c, args[0])
				if err != nil {
					return err
				}
				text, err := getReceipt(cmd.Context(), c, id)
				if err != nil {
					return err
				}
				return a.writeReceipt(out, text)
			})
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "-", "file to write; - for stdout")
	return cmd
}

// getReceipt waits for a job to be archived.
func getReceipt(ctx context.Context, c *client.Client, id string) ([]byte, error) {
	if _, err := c.Wait(ctx, id, client.Archived); err != nil {
		return nil, err
	}
	return c.Receipt(ctx, id)
}

func (a *app) writeReceipt(path string, text []byte) error {
	if path == "-" {
		_, err := a.stdout.Write(text)
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "write the receipt: %w", err).On("--output")
	}
	return nil
}

// kept writes the receipt of a job that has run, if one is wanted, and returns
// how that ended.
func (r running) kept(ctx context.Context, path string, result error) error {
	if path == "" {
		return result
	}
	text, err := getReceipt(ctx, r.client, r.id)
	if err == nil {
		err = r.writeReceipt(path, text)
	}
	if err != nil && result != nil {
		r.complain(err)
		return result
	}
	if err != nil {
		return err
	}
	return result
}

func (a *app) receiptKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keys", Short: "Print the public keys that the service signs with", Args: takes(0, 0),
		Long: `Print the public keys that the service signs receipts with, in PEM, the one of now
last. They are what the service says they are: get them over a connection that you
trust, or copy receipt.pub from its data folder, and keep them.`,
		Example: "  glovebox receipt keys > receipt.pub",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				keys, err := servedKeys(cmd.Context(), c)
				if err != nil {
					return err
				}
				_, err = a.stdout.Write(receipt.MarshalKeys(keys))
				return err
			})
		},
	}
}

// servedKeys are those that the server has told.
func servedKeys(ctx context.Context, c *client.Client) ([]receipt.Key, error) {
	told, err := c.ReceiptKeys(ctx)
	if err != nil {
		return nil, err
	}
	var keys []receipt.Key
	for _, k := range told.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, glovebox.Errorf(glovebox.KindMalformed, "the server told a key that is none").On("keys").Try("is the server of the same version?")
		}
		keys = append(keys, receipt.NewKey(x))
	}
	return keys, nil
}

func (a *app) receiptSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a receipt's statement", Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(receipt.Schema)
			return err
		},
	}
}

func (a *app) receiptRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Sign receipts with a new key from now on (on the server's machine, as root)", Args: takes(0, 0),
		Long: `Make a new key that receipts are signed with from now on. The public halves of
earlier keys stay in receipt.pub, so old receipts can be checked for ever; their
private halves are gone. Give the new receipt.pub to those who have the old one.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				k, err := c.RotateReceiptKey(cmd.Context())
				if err != nil {
					return err
				}
				return a.printLines([][2]string{{"key", k.ID}})
			})
		},
	}
}
