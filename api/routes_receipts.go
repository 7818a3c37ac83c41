package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"glovebox/api/wire"
	"glovebox/identity"
	"glovebox/receipt"
)

// receiptRoutes adds what was signed about jobs, and the keys to check it with.
func (h *handler) receiptRoutes(rt *router) {
	rt.add(call, identity.ActionJobRead, huma.Operation{
		OperationID: "getReceipt", Method: http.MethodGet, Path: "/v1/jobs/{id}/receipt", Tags: []string{"receipts"},
		Summary: "Read the receipt of an archived job",
		Description: "A DSSE envelope around an in-toto statement of what ran, under which policy, with which result, and that nothing is left; " +
			"its predicate is described at /v1/receipts/schema. Keep it byte for byte. 409 while the job is not archived; " +
			"404 also for a job that was archived before there were receipts.",
		Parameters: in{pathID(), inHeader("If-None-Match", "ETag of what the caller has")},
		Responses: out{
			"200": {Description: "The envelope", Headers: headersOf([]string{"ETag"}), Content: map[string]*huma.MediaType{receipt.MediaType: {Schema: schemaOf[wire.ReceiptEnvelope](rt.huma)}}},
			"304": {Description: "As the caller has it"},
		},
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, h.receipt)
	rt.add(open, anybody, huma.Operation{
		OperationID: "getReceiptKeys", Method: http.MethodGet, Path: "/v1/receipts/keys", Tags: []string{"receipts"},
		Summary:     "Keys that receipts are signed with",
		Description: "Public. Get them once, over a connection that you trust, and check receipts with your copy.",
		Responses:   out{"200": answer[wire.ReceiptKeys](rt, "The keys")},
	}, h.receiptKeys)
	rt.add(open, anybody, huma.Operation{
		OperationID: "getReceiptSchema", Method: http.MethodGet, Path: "/v1/receipts/schema", Tags: []string{"receipts"},
		Summary:   "The JSON Schema of a receipt's statement",
		Responses: out{"200": {Description: "JSON Schema 2020-12", Content: map[string]*huma.MediaType{schemaType: {Schema: &huma.Schema{Type: huma.TypeObject}}}}},
	}, h.receiptSchema)
	rt.add(call, identity.ActionReceiptRotate, huma.Operation{
		OperationID: "rotateReceiptKey", Method: http.MethodPost, Path: "/v1/host/receipts/rotate", Tags: []string{"host"},
		Summary:     "Sign receipts with a new key from now on",
		Description: "The public halves of earlier keys stay, so what they have signed can be checked; their private halves are gone.",
		Responses:   out{"200": answer[wire.ReceiptKey](rt, "The new key")},
	}, h.rotateReceiptKey)
}
