// Package watch judges what a job was seen to do: rules over what the runtime
// observed inside its sandbox and over what the filter of its network decided.
// It has no clock, no goroutine and does nothing about what it finds.
//
// The rules, and from where on they fire. Each gives a score between 0 and 1;
// what adds up is added as 1 − (1−a)(1−b). Below 0.4 nothing is found; from
// there it is low, from 0.6 medium, from 0.8 high.
//
//	metadata_probe   an address of a cloud's metadata service: 0.7, two of them 0.91. Cloud
//	                 SDKs that look for credentials do that too
//	port_scan        15 ports of one address: 0.7, 40: 0.9; one port of 25 addresses, but for 80
//	                 and 443: 0.6; of 10 private addresses: 0.7; a thousand more that nobody kept: 0.5
//	dns_burst        500 questions at 5 a second: 0.5; 40 names that are not in the policy: 0.6;
//	                 40 long ones below one domain, the shape of a tunnel: 0.9
//	miner_shape      name or arguments of a known miner: 0.75; a pool's name: 0.6; a pool's port:
//	                 0.35; 10 minutes of all its processors: 0.3. So neither of the last two fires
//	                 by itself: builds use all processors, and ports are shared
//	privilege_probe  system calls for privileges, by what each is worth: see callWeights. One mount
//	                 alone (0.25) is an ordinary script, that and bpf (0.3) are not
//	escape_attempt   what escapes are made of: kernel memory 0.6, a container engine's socket 0.6,
//	                 release_agent and its like 0.8, kernel modules 0.7, kexec 0.9
//	unusual_exec     a program that no run of the profile executed: 0.3, from a place that jobs can
//	                 write 0.5; without a profile only programs that are in no file: 0.5
//	raw_socket       packet sockets 0.6, raw ones 0.45, but for ping's 0.2; vsock 0.45
//	egress_refused   20 destinations that were refused: 0.5, 100: 0.7
//	fork_burst       1,000 tasks made within a second: 0.5
//	drift            what no run of the profile did, see DriftOf: a program 0.3, a port that is listened
//	                 at 0.2, a name or address that is refused 0.5, a system call 0.05, one for privileges
//	                 0.4, any other kind of thing in this list 0.3, twice the memory, disk or tasks 0.1.
//	                 It is found from 0.1 on
//
// A rule sees attempts, whether they succeed or not, and a job that takes care
// is not seen by all of them: a miner under another name, or a scan slow enough.
package watch
