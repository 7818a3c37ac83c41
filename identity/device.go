package identity

import (
	"context"
	"crypto/rand"
	"math/big"
	"strings"
	"time"

	"glovebox"
)

const (
	devicePrefix = "dev_"
	deviceLife   = 5 * time.Minute

	// DeviceInterval is how long a program waits between polls at least.
	DeviceInterval = 5 * time.Second

	// deviceAlphabet has no vowels, so that codes are no words, and nothing
	// that is mistaken for something else.
	deviceAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
)

// DeviceRequest is a program on a machine without a browser that waits for its
// owner to type a code in one elsewhere. Who approves one that is not their own
// hands over their session, so approving shows where it came from and takes a
// signature over exactly that.
type DeviceRequest struct {
	ID       string    `json:"id"`   // made of the code that is typed
	Name     string    `json:"name"` // host, as the program says
	From     string    `json:"from"` // address, as the server saw it
	JKT      string    `json:"jkt"`
	Until    time.Time `json:"until"`
	Hash     string    `json:"hash,omitempty"`
	Polled   time.Time `json:"polled"`
	Approved string    `json:"approved,omitempty"` // session that did
}

// BegunDevice is what the program gets that asked to be let in.
type BegunDevice struct {
	Token string // for the program, to poll with the key that it proved
	Code  string // for people
	Until time.Time
}

// BeginDevice makes a request of a program that proves its key with p. name is
// what its machine calls itself, from where the request came from.
func (s *Service) BeginDevice(ctx context.Context, p Presented, name, from string) (BegunDevice, error) {
	if err := checkName("name", name); err != nil {
		return BegunDevice{}, err
	}
	jkt, err := s.ProvenKey(ctx, p)
	if err != nil {
		return BegunDevice{}, err
	}
	code := deviceCode()
	d := DeviceRequest{ID: deviceID(code), Name: name, From: clip(from), JKT: jkt, Until: s.now().Add(deviceLife)}
	var token string
	token, d.Hash = bearer(d.ID)
	// A code that is in use is taken over: both owners see the newer request.
	err = s.records.Commit(ctx, []glovebox.Write{putUntil(kindGrant, d.ID, d, glovebox.IfAny, d.Until)})
	return BegunDevice{token, code, d.Until}, err
}

// deviceCode is 8 letters, 34 bits: they can only be tried by who is logged in,
// one by one and audited, for five minutes.
func deviceCode() string {
	var b strings.Builder
	for i := range 8 {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(deviceAlphabet))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		if i == 4 {
			b.WriteByte('-')
		}
		b.WriteByte(deviceAlphabet[n.Int64()])
	}
	return b.String()
}

func deviceID(code string) string {
	if len(code) > 64 {
		code = ""
	}
	return devicePrefix + digest(strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code)))
}

// Device returns the request with a code, to show it before it is approved.
func (s *Service) Device(ctx context.Context, c Caller, code string) (DeviceRequest, error) {
	if err := s.Authorize(ctx, c, ActionSessionDevice, ""); err != nil {
		return DeviceRequest{}, err
	}
	d, _, err := s.device(ctx, deviceID(code))
	if r, ok := err.(*refusal); ok {
		r.tenant, r.actor = c.Tenant, c.Name
	}
	d.Hash = ""
	return d, s.outcome(ctx, "grant.device", err)
}

func (s *Service) device(ctx context.Context, id string) (DeviceRequest, int64, error) {
	d, version, err := load[DeviceRequest](ctx, s, kindGrant, id)
	if missing(err) {
		err = because("device code unknown or used")
	} else if err == nil && !s.now().Before(d.Until) {
		err = because("device code expired")
	}
	return d, version, err
}

// DeviceOperation is what a person signs to let a device in.
func DeviceOperation(d DeviceRequest) Operation {
	return operation(ActionSessionDevice, d.ID, struct {
		Name string `json:"name"`
		From string `json:"from"`
		JKT  string `json:"jkt"`
	}{d.Name, d.From, d.JKT})
}

// ApproveDevice lets the device in that the caller was shown and signed for.
func (s *Service) ApproveDevice(ctx context.Context, c Caller, shown DeviceRequest, signed *SignedOperation) error {
	if err := s.Spend(ctx, c, DeviceOperation(shown), signed); err != nil {
		return err
	}
	d, version, err := s.device(ctx, shown.ID)
	if err == nil && (d.JKT != shown.JKT || d.Name != shown.Name || d.From != shown.From) {
		err = because("another device took the code over")
	}
	if r, ok := err.(*refusal); ok {
		r.tenant, r.actor = c.Tenant, c.Name
	}
	if err != nil {
		return s.outcome(ctx, "grant.device", err)
	}
	d.Approved = c.Session.ID
	return s.records.Commit(ctx, []glovebox.Write{putUntil(kindGrant, d.ID, d, version, d.Until)},
		s.event(c.Tenant, c.Name, "grant.approve", d.ID, map[string]string{"name": d.Name, "from": d.From, "jkt": d.JKT}))
}

// PollDevice opens a session once the request is approved. Until then it is
// KindUnavailable, and KindTooMany for who asks more often than every five
// seconds.
func (s *Service) PollDevice(ctx context.Context, token string, p Presented) (AccessToken, error) {
	d, version, err := s.polled(ctx, token, p)
	if err != nil {
		return AccessToken{}, s.outcome(ctx, "grant.device", err)
	}
	if d.Approved == "" {
		early := s.now().Sub(d.Polled) < DeviceInterval
		d.Polled = s.now()
		err := s.records.Commit(ctx, []glovebox.Write{putUntil(kindGrant, d.ID, d, version, d.Until)})
		if err != nil && glovebox.KindOf(err) != glovebox.KindStale { // stale: approved just now, the next poll sees it
			return AccessToken{}, err
		}
		if early {
			return AccessToken{}, glovebox.Errorf(glovebox.KindTooMany, "asked too often").Try("wait for %s", DeviceInterval)
		}
		return AccessToken{}, glovebox.Errorf(glovebox.KindUnavailable, "not approved yet").Try("type the code in a browser")
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindGrant, d.ID, version)})
	if glovebox.KindOf(err) == glovebox.KindStale {
		err = because("device code used at the same time")
	}
	var c Caller
	if err == nil {
		c, err = s.recheck(ctx, d.Approved)
	}
	if err != nil {
		return AccessToken{}, s.outcome(ctx, "grant.device", err)
	}
	return s.OpenKeySession(ctx, c, d.JKT, d.Name)
}

// polled finds the request of who has its token and its key.
func (s *Service) polled(ctx context.Context, token string, p Presented) (DeviceRequest, int64, error) {
	id, secret := split(token)
	if !strings.HasPrefix(id, devicePrefix) {
		return DeviceRequest{}, 0, because("device token malformed")
	}
	d, version, err := s.device(ctx, id)
	if err != nil {
		return d, 0, err
	}
	if !same(d.Hash, digest(secret)) {
		return d, 0, because("device token wrong")
	}
	jkt, err := s.checkProof(ctx, p, "")
	if err == nil && !same(jkt, d.JKT) {
		err = because("proof by another key")
	}
	return d, version, err
}
