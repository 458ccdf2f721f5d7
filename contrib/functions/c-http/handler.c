// A function in C: one static program that answers HTTP on $PORT.
//   /            says hello            /env     its environment, one a line
//   /tmp-write   writes and reads a file in /tmp
//   /subprocess  runs itself as a child and tells what the child said
//   /threads     adds numbers in eight threads
//   /dns         resolves a name that /etc/hosts has, and fails to resolve one that nobody has
// SIGTERM ends it with status 0. With --pause it only waits for that, as the container that holds a pod does.
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

extern char** environ;

static void on_term(int signal) {
  (void)signal;
  _exit(0);
}

static void say_environment(FILE* body) {
  for (char** entry = environ; *entry != NULL; ++entry) fprintf(body, "%s\n", *entry);
}

static void say_tmp_write(FILE* body) {
  char path[] = "/tmp/function-XXXXXX";
  char text[16] = "";
  int fd = mkstemp(path);
  if (fd < 0) {
    fprintf(body, "error: %s\n", strerror(errno));
    return;
  }
  if (write(fd, "kept", 4) != 4 || pread(fd, text, sizeof text - 1, 0) != 4) strcpy(text, strerror(errno));
  close(fd);
  unlink(path);
  fprintf(body, "file says %s\n", text);
}

static void say_subprocess(FILE* body) {
  char text[64] = "";
  FILE* child;
  int ends[2];
  if (pipe(ends) != 0) return;
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], 1);
    execl("/proc/self/exe", "handler", "--child", (char*)NULL);
    _exit(127);
  }
  close(ends[1]);
  child = fdopen(ends[0], "r");
  if (child != NULL) {
    if (fgets(text, sizeof text, child) == NULL) strcpy(text, "nothing");
    fclose(child);
  }
  int status = -1;
  if (pid > 0) waitpid(pid, &status, 0);
  fprintf(body, "child says %s, status %d\n", text, status);
}

static void* add(void* argument) {
  long* sum = argument;
  for (long i = 1; i <= 1000; ++i) *sum += i;
  return NULL;
}

static void say_threads(FILE* body) {
  pthread_t threads[THREADS];
  long sums[THREADS] = {0};
  long total = 0;
  for (int i = 0; i < THREADS; ++i) {
    int error = pthread_create(&threads[i], NULL, add, &sums[i]);
    if (error != 0) {
      fprintf(body, "error: %s\n", strerror(error));
      exit(1);
    }
  }
  for (int i = 0; i < THREADS; ++i) {
    pthread_join(threads[i], NULL);
    total += sums[i];
  }
  fprintf(body, "threads say %ld\n", total);
}

static int resolve(const char* name) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo* found = NULL;
  int error = getaddrinfo(name, "80", &hints, &found);
  if (error == 0) freeaddrinfo(found);
  return error;
}

static void say_dns(FILE* body) {
  int error = resolve("localhost");
  if (error != 0) {
    fprintf(body, "error: %s\n", gai_strerror(error));
  } else if (resolve("nowhere.invalid") == 0) {
    fputs("dns says that nowhere is somewhere\n", body);
  } else {
    fputs("dns says ok\n", body);
  }
}

static void answer(int connection) {
  char request[4096];
  ssize_t size = read(connection, request, sizeof request - 1);
  if (size <= 0) return;
  request[size] = '\0';
  char path[256] = "";
  sscanf(request, "GET %255s ", path);

  char* text = NULL;
  size_t length = 0;
  FILE* body = open_memstream(&text, &length);
  if (body == NULL) return;
  const char* status = "200 OK";
  if (strcmp(path, "/") == 0) {
    fputs("hello from c\n", body);
  } else if (strcmp(path, "/env") == 0) {
    say_environment(body);
  } else if (strcmp(path, "/tmp-write") == 0) {
    say_tmp_write(body);
  } else if (strcmp(path, "/subprocess") == 0) {
    say_subprocess(body);
  } else if (strcmp(path, "/threads") == 0) {
    say_threads(body);
  } else if (strcmp(path, "/dns") == 0) {
    say_dns(body);
  } else {
    status = "404 Not Found";
    fputs("no such path\n", body);
  }
  fclose(body);
  dprintf(connection, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
          status, length, text);
  free(text);
}

int main(int argc, char** argv) {
  if (argc > 1 && strcmp(argv[1], "--child") == 0) {
    printf("42");
    return 0;
  }
  struct sigaction term = {.sa_handler = on_term};
  sigaction(SIGTERM, &term, NULL);
  if (argc > 1 && strcmp(argv[1], "--pause") == 0) {
    for (;;) pause();
  }
  const char* port = getenv("PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "8080"))};
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 16) != 0) {
    perror("listen");
    return 1;
  }
  fprintf(stderr, "listening on %s\n", port ? port : "8080");
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}
