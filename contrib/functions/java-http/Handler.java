import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A function in Java: the HTTP server of the JDK on $PORT.
 *   /            says hello            /env     its environment, one a line
 *   /tmp-write   writes and reads a file in /tmp
 *   /subprocess  runs java as a child and tells what the child said
 *   /threads     adds numbers in eight threads
 *   /dns         resolves a name that /etc/hosts has, and fails to resolve one that nobody has
 * SIGTERM ends it with status 0.
 */
public final class Handler {
  private static final int THREADS = 8;

  private static final Map<String, Callable<String>> ANSWERS =
      Map.of(
          "/", () -> "hello from java\n",
          "/env", Handler::sayEnvironment,
          "/tmp-write", Handler::sayTmpWrite,
          "/subprocess", Handler::saySubprocess,
          "/threads", Handler::sayThreads,
          "/dns", Handler::sayDns);

  private static String sayEnvironment() {
    return System.getenv().entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private static String sayTmpWrite() throws IOException {
    Path file = Files.createTempFile(Path.of("/tmp"), "function-", "");
    try {
      Files.writeString(file, "kept");
      return "file says " + Files.readString(file) + "\n";
    } finally {
      Files.delete(file);
    }
  }

  private static String saySubprocess() throws IOException, InterruptedException {
    String launcher = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path");
    Process child =
        new ProcessBuilder(launcher, "-cp", classes, "Handler", "--child")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String text = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return "child says " + text + ", status " + child.waitFor() + "\n";
  }

  private static String sayThreads() throws InterruptedException {
    long[] sums = new long[THREADS];
    Thread[] threads = new Thread[THREADS];
    for (int index = 0; index < THREADS; ++index) {
      int own = index;
      threads[index] =
          new Thread(
              () -> {
                for (long number = 1; number <= 1000; ++number) sums[own] += number;
              });
      threads[index].start();
    }
    long total = 0;
    for (int index = 0; index < THREADS; ++index) {
      threads[index].join();
      total += sums[index];
    }
    return "threads say " + total + "\n";
  }

  private static String sayDns() throws UnknownHostException {
    InetAddress.getByName("localhost");
    try {
      InetAddress.getByName("nowhere.invalid");
    } catch (UnknownHostException expected) {
      return "dns says ok\n";
    }
    return "dns says that nowhere is somewhere\n";
  }

  private static void answer(HttpExchange exchange) throws IOException {
    Callable<String> answer = ANSWERS.get(exchange.getRequestURI().getPath());
    int status = answer == null ? 404 : 200;
    String body = "no such path\n";
    try {
      if (answer != null) body = answer.call();
    } catch (Exception | Error error) {
      status = 500;
      body = "error: " + error + "\n";
    }
    byte[] data = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/plain");
    exchange.sendResponseHeaders(status, data.length);
    exchange.getResponseBody().write(data);
    exchange.close();
  }

  public static void main(String[] args) throws IOException {
    if (args.length > 0 && args[0].equals("--child")) {
      System.out.print("42");
      return;
    }
    // By itself the virtual machine ends with 143 on SIGTERM.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(0)));
    int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
    HttpServer server = HttpServer.create(new InetSocketAddress(port), 16);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", Handler::answer);
    server.start();
    System.err.println("listening on " + port);
  }
}
