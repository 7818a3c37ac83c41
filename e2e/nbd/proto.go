package nbd

// Numbers of the protocol. All are sent with the highest byte first.
const (
	magicHello   = 0x4e42444d41474943 // "NBDMAGIC"
	magicOption  = 0x49484156454f5054 // "IHAVEOPT"
	magicAnswer  = 0x0003e889045565a9
	magicRequest = 0x25609513
	magicReply   = 0x67446698

	flagFixed    = 1 << 0
	flagNoZeroes = 1 << 1

	optExport = 1
	optAbort  = 2
	optGo     = 7

	answerAck         = 1
	answerInfo        = 3
	answerUnsupported = 1<<31 + 1

	infoExport = 0
	infoBlocks = 3

	featureFlags = 1 << 0
	featureFlush = 1 << 2
	featureFUA   = 1 << 3

	cmdRead  = 0
	cmdWrite = 1
	cmdClose = 2
	cmdFlush = 3

	cmdFUA = 1 << 0

	errIO      = 5
	errInvalid = 22

	// maxBytes of one request; more is not asked for by the machines we boot.
	maxBytes = 32 << 20
	// maxOption is the longest option that makes sense.
	maxOption = 4096
)

// features are what the disk can do.
const features = featureFlags | featureFlush | featureFUA

// request is the head of a request.
type request struct {
	Magic       uint32
	Flags, Kind uint16
	Handle      uint64
	Offset      uint64
	Length      uint32
}

// reply is the head of a reply.
type reply struct {
	Magic, Error uint32
	Handle       uint64
}

// option is the head of an option that the client sends first.
type option struct {
	Magic        uint64
	Kind, Length uint32
}

// answer is the head of an answer to an option.
type answer struct {
	Magic              uint64
	Kind, Type, Length uint32
}
