package identity

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"glovebox"
)

const (
	approvalPrefix = "apr-"

	// approvalLife is how long people have to sign, and the job to be
	// submitted then.
	approvalLife = 15 * time.Minute

	// maxApprovals bounds the requests of one tenant that are open: each is kept
	// until its time is over, and they are listed as a whole.
	maxApprovals = 100
)

// Approval is a request that people agree, each with a passkey, to one exact
// job that goes beyond what its tenant allows without. Who asked submits the
// job with it, once. It is a document, so signatures may come through any
// replica.
type Approval struct {
	ID      string    `json:"id"`
	Tenant  string    `json:"tenant"`
	By      string    `json:"by"`      // Principal.Name of who asked
	Subject string    `json:"subject"` // and who that is
	Created time.Time `json:"created"`
	Until   time.Time `json:"until"`
	Widens  []string  `json:"widens"` // what needs it, such as "runtime: runc"
	Needed  int       `json:"needed"` // persons: 1, or 2 where the tenant wants that

	// Operation is what the first one signs; see ApprovalOperation.
	Operation  Operation         `json:"operation"`
	Signatures []SignedOperation `json:"signatures,omitempty"`

	// Used says that the job was submitted: the hash of the submission's
	// idempotency key, or "-" where it had none.
	Used string `json:"used,omitempty"`
}

// Complete says whether enough people have signed.
func (a Approval) Complete() bool { return len(a.Signatures) >= a.Needed }

// signedBy says whether a person has signed.
func (a Approval) signedBy(person string) bool {
	for _, s := range a.Signatures {
		if s.Operation.Person == person {
			return true
		}
	}
	return false
}

// RequestApproval asks for signatures for a job. needed is 1 or 2. KindInvalid
// for a spec that widens nothing, or whose image is a name that can be moved
// to other content; what Spec.Complete says. Fields are those of the spec.
func (s *Service) RequestApproval(ctx context.Context, c Caller, spec glovebox.Spec, widens []string, needed int) (Approval, error) {
	if err := s.Authorize(ctx, c, ActionJobSubmit, ""); err != nil {
		return Approval{}, err
	}
	spec, err := spec.Complete()
	if err != nil {
		return Approval{}, err
	}
	if len(widens) == 0 {
		return Approval{}, glovebox.Errorf(glovebox.KindInvalid, "the job needs no approval").On("spec").Try("submit it")
	}
	if digestOf(spec.Image) == "" {
		return Approval{}, glovebox.Errorf(glovebox.KindInvalid, "a signature is for exact content, and an image's name may be moved to other content").
			On("containerImage").Try("name it by digest, as in name@sha256:…; `glovebox image list` shows it")
	}
	id := glovebox.NewID(approvalPrefix)
	return s.request(ctx, c, id, widens, needed, jobOperation(id, c.Name, spec, widens))
}

// request keeps a request for signatures over an operation.
func (s *Service) request(ctx context.Context, c Caller, id string, widens []string, needed int, o Operation) (Approval, error) {
	now := s.now()
	a := Approval{
		ID: id, Tenant: c.Tenant, By: c.Name, Subject: c.Subject, Created: now, Until: now.Add(approvalLife),
		Widens: widens, Needed: max(1, needed), Operation: o,
	}
	open, err := s.openApprovals(ctx, c.Tenant)
	if err != nil {
		return Approval{}, err
	}
	if len(open) >= maxApprovals {
		return Approval{}, glovebox.Errorf(glovebox.KindTooMany, "%d requests of the tenant are open already", len(open)).
			Try("submit what was signed for, or wait: a request lasts %s", approvalLife)
	}
	return a, s.records.Commit(ctx, []glovebox.Write{a.write(glovebox.IfAbsent)}, s.event(c.Tenant, c.Name, "approval.request", a.ID, nil))
}

// Approval returns a request of the caller's tenant. KindNotFound, also for
// other tenants' and those whose time is over.
func (s *Service) Approval(ctx context.Context, c Caller, id string) (Approval, error) {
	if err := s.Authorize(ctx, c, ActionJobRead, id); err != nil {
		return Approval{}, err
	}
	a, _, err := s.approval(ctx, c, id)
	return a, err
}

// Approvals lists the open requests of the caller's tenant.
func (s *Service) Approvals(ctx context.Context, c Caller) ([]Approval, error) {
	if err := s.Authorize(ctx, c, ActionJobRead, ""); err != nil {
		return nil, err
	}
	return s.openApprovals(ctx, c.Tenant)
}

func (s *Service) openApprovals(ctx context.Context, tenant string) ([]Approval, error) {
	all, err := list[Approval](ctx, s, kindApproval, approvalKey(tenant, ""))
	open := all[:0]
	for _, a := range all {
		if a.Used == "" && s.now().Before(a.Until) {
			open = append(open, a)
		}
	}
	return open, err
}

// approvalKey makes the requests of a tenant neighbours in the store, so that
// those of others are neither read nor found.
func approvalKey(tenant, id string) string { return tenant + "/" + id }

func (a Approval) write(version int64) glovebox.Write {
	return putUntil(kindApproval, approvalKey(a.Tenant, a.ID), a, version, a.Until)
}

func (s *Service) approval(ctx context.Context, c Caller, id string) (Approval, int64, error) {
	nothing := glovebox.Errorf(glovebox.KindNotFound, "there is no such request").Try("it may have been used, or be over; ask again")
	if !glovebox.ValidID(approvalPrefix, id) {
		return Approval{}, 0, nothing
	}
	a, version, err := load[Approval](ctx, s, kindApproval, approvalKey(c.Tenant, id))
	if missing(err) || err == nil && (a.Tenant != c.Tenant || !s.now().Before(a.Until)) {
		return Approval{}, 0, nothing
	}
	return a, version, err
}

// TakeApproval uses a complete request up for the very job it was made for, and
// returns the evidence to be kept with it. key is the submission's idempotency
// key: a submission that is repeated with it may take again, as its job is made
// once; without one (""), nothing may. KindNotFound for another tenant's;
// KindApproval for somebody else's, one that was used, and while signatures are
// missing, each with an audit event; KindConflict if the job is another one than
// was signed.
func (s *Service) TakeApproval(ctx context.Context, c Caller, id, key string, spec glovebox.Spec) ([]glovebox.Approval, error) {
	spec, err := spec.Complete()
	if err != nil {
		return nil, err
	}
	return s.takeFor(ctx, c, id, key, func(a Approval) Operation { return jobOperation(a.ID, a.By, spec, a.Widens) })
}

// takeFor is TakeApproval for whatever operation a request has to be for.
func (s *Service) takeFor(ctx context.Context, c Caller, id, key string, want func(Approval) Operation) ([]glovebox.Approval, error) {
	evidence, err := s.takeApproval(ctx, c, id, key, want)
	if glovebox.KindOf(err) == glovebox.KindApproval {
		e := s.event(c.Tenant, c.Name, "approval.use", id, nil)
		e.OK, e.Kind = false, glovebox.KindApproval
		if err := s.records.Commit(ctx, nil, e); err != nil {
			return nil, err
		}
	}
	return evidence, err
}

func (s *Service) takeApproval(ctx context.Context, c Caller, id, key string, want func(Approval) Operation) ([]glovebox.Approval, error) {
	a, version, err := s.approval(ctx, c, id)
	used := "-"
	if key != "" {
		used = digest(key)
	}
	switch {
	case err != nil:
	case a.Subject != c.Subject || a.By != c.Name:
		err = glovebox.Errorf(glovebox.KindApproval, "the request is somebody else's").Try("who asked for it submits the job")
	case a.Used != "" && (key == "" || a.Used != used):
		err = glovebox.Errorf(glovebox.KindApproval, "the request has been used").Try("ask for approval again")
	}
	if err != nil {
		return nil, err
	}
	switch want := want(a); {
	case !want.equal(unsigned(a.Operation)):
		return nil, s.mismatch(ctx, c, want)
	case !a.Complete():
		return nil, glovebox.Errorf(glovebox.KindApproval, "%d of %d people have signed", len(a.Signatures), a.Needed).
			Try("wait for the rest")
	}
	var evidence []glovebox.Approval
	for _, signed := range a.Signatures {
		p, err := s.standing(ctx, a.Tenant, signed)
		if err != nil {
			return nil, err
		}
		data, err := json.Marshal(signed)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInternal, "keep the evidence: %w", err)
		}
		evidence = append(evidence, glovebox.Approval{By: p.Principal().Name, At: signed.At, Evidence: data})
	}
	if a.Used != "" {
		return evidence, nil
	}
	a.Used = used
	err = s.records.Commit(ctx, []glovebox.Write{a.write(version)},
		s.event(c.Tenant, c.Name, "approval.use", a.ID, nil))
	if glovebox.KindOf(err) == glovebox.KindStale {
		return nil, glovebox.Errorf(glovebox.KindConflict, "the request is being used at this moment").Try("try again")
	}
	return evidence, err
}

// standing refuses the signature of who may no longer give one, or with a
// passkey that no longer counts.
func (s *Service) standing(ctx context.Context, tenant string, signed SignedOperation) (Person, error) {
	p, _, err := s.person(ctx, signed.Operation.Person)
	if err != nil {
		return p, err
	}
	g, ok := signed.Operation.Action.grant()
	if p.Tenant != tenant || p.Disabled || !ok || !p.Role.Covers(g.least) || !slices.Contains(p.Passkeys, passkeyID(signed.CredentialID)) {
		return p, glovebox.Errorf(glovebox.KindApproval, "somebody who signed may not do so any more").Try("ask for approval again")
	}
	return p, nil
}
