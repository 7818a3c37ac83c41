package wire

import "time"

// Secret is what is known of a secret, but for its value, which no call gives.
type Secret struct {
	Name      string    `json:"name" example:"STRIPE_KEY"`
	Version   int64     `json:"version" doc:"1, and one more with each value"`
	Domains   []string  `json:"domains" nullable:"false" doc:"That it may be sent to, and nowhere else; empty: a job's policy says where"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	UpdatedBy string    `json:"updatedBy" doc:"Who gave it its value"`
}

// SecretList is the answer of GET /v1/secrets.
type SecretList struct {
	Secrets []Secret `json:"secrets" nullable:"false"`
}

// SecretRequest is the body of PUT /v1/secrets/{name}.
type SecretRequest struct {
	Value     []byte     `json:"value" doc:"Base64, at most 64 KiB"`
	Domains   []string   `json:"domains,omitempty" maxItems:"32" doc:"Exact names; default none, so that a job's policy says where it goes"`
	Salt      []byte     `json:"salt,omitempty" doc:"With a signature or an approval: base64 of at least 16 random bytes, which the hash that was signed begins with"`
	Signature *Signature `json:"signature,omitempty" doc:"Over action secret.write, the name, the version it replaces (0 for none) and {domains, value}, value being hex SHA-256 of \"glovebox secret v1\\n\", the number of bytes of salt in decimal, \"\\n\", salt and value. Without one the answer is approval_required"`
}

// SecretChange is a change of a secret that is to be signed, without the value.
type SecretChange struct {
	Name    string   `json:"name" minLength:"1" maxLength:"63" example:"STRIPE_KEY"`
	Domains []string `json:"domains,omitempty" maxItems:"32" doc:"As with the value; none to remove it"`
	Value   string   `json:"value,omitempty" pattern:"^[0-9a-f]{64}$" doc:"Hash of the value, as for the signature of putSecret; required unless it is removed"`
	Remove  bool     `json:"remove,omitempty"`
}

// Resealed is the answer of POST /v1/host/secrets/rotate.
type Resealed struct {
	Key      string `json:"key" doc:"Public half of the key that all are sealed with now"`
	Resealed int    `json:"resealed" doc:"How many were sealed anew"`
}
