// A function in Go: one static program, the standard library's HTTP server on $PORT.
//
//	/            says hello            /env     its environment, one a line
//	/tmp-write   writes and reads a file in /tmp
//	/subprocess  runs itself as a child and tells what the child said
//	/threads     adds numbers in eight threads
//	/dns         resolves a name that /etc/hosts has, and fails to resolve one that nobody has
//
// SIGTERM ends it with status 0.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

const threads = 8

func sayEnvironment() (string, error) {
	return strings.Join(os.Environ(), "\n") + "\n", nil
}

func sayTmpWrite() (string, error) {
	file, err := os.CreateTemp("/tmp", "function-")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.WriteString("kept"); err != nil {
		return "", err
	}
	text, err := os.ReadFile(file.Name())
	return fmt.Sprintf("file says %s\n", text), err
}

func saySubprocess() (string, error) {
	child := exec.Command("/proc/self/exe", "--child")
	text, err := child.Output()
	if child.ProcessState == nil {
		return "", err
	}
	return fmt.Sprintf("child says %s, status %d\n", text, child.ProcessState.ExitCode()), nil
}

// Goroutines that are locked to threads of their own, all at once.
func sayThreads() (string, error) {
	var all, started sync.WaitGroup
	sums := make([]int, threads)
	started.Add(threads)
	for index := range sums {
		all.Add(1)
		go func(sum *int) {
			defer all.Done()
			runtime.LockOSThread()
			started.Done()
			started.Wait()
			for number := 1; number <= 1000; number++ {
				*sum += number
			}
			runtime.UnlockOSThread()
		}(&sums[index])
	}
	all.Wait()
	total := 0
	for _, sum := range sums {
		total += sum
	}
	return fmt.Sprintf("threads say %d\n", total), nil
}

func sayDNS() (string, error) {
	if _, err := net.LookupHost("localhost"); err != nil {
		return "", err
	}
	if _, err := net.LookupHost("nowhere.invalid"); err == nil {
		return "dns says that nowhere is somewhere\n", nil
	}
	return "dns says ok\n", nil
}

var answers = map[string]func() (string, error){
	"/":           func() (string, error) { return "hello from go\n", nil },
	"/env":        sayEnvironment,
	"/tmp-write":  sayTmpWrite,
	"/subprocess": saySubprocess,
	"/threads":    sayThreads,
	"/dns":        sayDNS,
}

func handle(response http.ResponseWriter, request *http.Request) {
	status, body := http.StatusNotFound, "no such path\n"
	if answer := answers[request.URL.Path]; answer != nil {
		text, err := answer()
		status, body = http.StatusOK, text
		if err != nil {
			status, body = http.StatusInternalServerError, fmt.Sprintf("error: %v\n", err)
		}
	}
	response.Header().Set("Content-Type", "text/plain")
	response.WriteHeader(status)
	fmt.Fprint(response, body)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--child" {
		fmt.Print("42")
		return
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	go func() {
		<-term
		os.Exit(0)
	}()
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, "listening on", port)
	fmt.Fprintln(os.Stderr, http.Serve(listener, http.HandlerFunc(handle)))
	os.Exit(1)
}
