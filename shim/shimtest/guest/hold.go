package main

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hold keeps n megabytes of random data, a file and a connection to itself, and
// answers questions from its input, a line each.
func hold(n int) {
	data := make([]byte, n<<20)
	_, _ = rand.Read(data)
	if err := os.WriteFile("/tmp/kept", data[:4096], 0o600); err != nil {
		fmt.Println(err)
	}
	here, there := loop()
	fmt.Printf("ready %x %x\n", sha256.Sum256(data[:1<<20]), sha256.Sum256(data))
	var more [][]byte
	var out net.Conn
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "echo":
			fmt.Println(rest)
		case "part":
			fmt.Printf("%x\n", sha256.Sum256(data[:1<<20]))
		case "sum":
			fmt.Printf("%x\n", sha256.Sum256(data))
		case "kept":
			kept, err := os.ReadFile("/tmp/kept")
			fmt.Println(string(kept) == string(data[:4096]), err)
		case "random":
			var a [16]byte
			_, _ = unix.Getrandom(a[:], 0)
			f, err := os.Open("/dev/urandom")
			var b [16]byte
			if err == nil {
				_, err = f.Read(b[:])
			}
			fmt.Printf("%x %x %v\n", a, b, err)
		case "clock":
			var ts unix.Timespec
			_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
			fmt.Println(time.Now().UnixNano(), ts.Nano())
		case "loop":
			_, _ = here.Write([]byte(rest + "\n"))
			answer, err := bufio.NewReader(there).ReadString('\n')
			fmt.Println(strings.TrimSpace(answer), err)
		case "dial":
			if out, _ = net.DialTimeout("tcp", rest, 5*time.Second); out == nil {
				fmt.Println("not reached")
			} else {
				fmt.Println("connected")
			}
		case "say":
			_ = out.SetDeadline(time.Now().Add(10 * time.Second))
			_, err := out.Write([]byte(rest + "\n"))
			answer := ""
			if err == nil {
				answer, err = bufio.NewReader(out).ReadString('\n')
			}
			fmt.Println(strings.TrimSpace(answer), err)
		case "cat":
			text, err := os.ReadFile(rest)
			fmt.Printf("%q %v\n", text, err)
		case "leave":
			name, text, _ := strings.Cut(rest, " ")
			fmt.Println("left", os.WriteFile("/out/"+name, []byte(text), 0o640))
		case "machine":
			name, _ := os.Hostname()
			fmt.Println(name, runtime.GOMAXPROCS(0), os.Getpid())
		case "fork":
			for range number(rest) {
				if err := exec.Command("/bin/sleep", "60").Start(); err != nil {
					fmt.Println(err)
				}
			}
		case "eat":
			fresh := make([]byte, number(rest)<<20)
			_, _ = rand.Read(fresh)
			more = append(more, fresh)
			fmt.Println("eaten", len(more))
		case "fill":
			f, err := os.Create("/tmp/fill")
			for range number(rest) {
				if err == nil {
					_, err = f.Write(data[:1<<20])
				}
			}
			fmt.Println("filled", err)
		}
	}
	syscall.Exit(7)
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

func loop() (here, there net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		here, err = net.Dial("tcp", l.Addr().String())
	}
	if err == nil {
		there, err = l.Accept()
	}
	if err != nil {
		fmt.Println(err)
	}
	return here, there
}

// tick counts aloud without ever waiting.
func tick() {
	for i := 0; ; i++ {
		fmt.Println(i)
		for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
		}
	}
}
