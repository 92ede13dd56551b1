// Cloudhopper as an SMSC: it reads with its own codec, sends receipts and handset messages, and tells what it saw.
//
//     java -cp 'classes:lib/*' Smsc PORT CONTROL_PORT PASSWORD
//
// It writes a line of JSON for each whole message. At CONTROL_PORT it answers /figures, /mo, /enquire_link and /unbind.

import com.cloudhopper.smpp.SmppServerConfiguration;
import com.cloudhopper.smpp.impl.DefaultSmppServer;
import com.cloudhopper.smpp.pdu.EnquireLink;
import com.cloudhopper.smpp.pdu.Unbind;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

class Smsc {
    static final String HOST = "127.0.0.1";
    static final int CONNECTIONS = 100;
    static final int WINDOW = 1000; // requests to the ESME without an answer

    private final Figures figures = new Figures();
    private final Sender sender = new Sender(figures);

    public static void main(String[] arguments) throws Exception {
        new Smsc().run(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[1]), arguments[2]);
    }

    static synchronized void tell(String line) {
        System.out.println(line);
    }

    private void run(int port, int controlPort, String password) throws Exception {
        Doorkeeper doorkeeper = new Doorkeeper(password, figures, sender);
        new DefaultSmppServer(configuration(port), doorkeeper, Executors.newCachedThreadPool()).start();
        HttpServer control = HttpServer.create(new InetSocketAddress(InetAddress.getByName(HOST), controlPort), 0);
        control.createContext("/", this::answer);
        control.start();
        tell("{\"event\": \"listening\"}");
    }

    private static SmppServerConfiguration configuration(int port) {
        SmppServerConfiguration configuration = new SmppServerConfiguration();
        configuration.setHost(HOST);
        configuration.setPort(port);
        configuration.setSystemId("cloudhopper");
        configuration.setMaxConnectionSize(CONNECTIONS);
        configuration.setDefaultWindowSize(WINDOW);
        configuration.setDefaultWindowWaitTimeout(Sender.ANSWER_WITHIN_MS);
        return configuration;
    }

    private void answer(HttpExchange exchange) throws IOException {
        act(exchange.getRequestURI().getPath(), queryOf(exchange.getRequestURI().getRawQuery()));
        byte[] body = figures.toString().getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void act(String path, Map<String, String> query) {
        switch (path) {
            case "/mo" -> sender.sendMo(query);
            case "/enquire_link" -> sender.send(query.get("system_id"), new EnquireLink());
            case "/unbind" -> sender.send(query.get("system_id"), new Unbind());
            default -> { } // the figures are the answer to all
        }
    }

    private static Map<String, String> queryOf(String raw) {
        if (raw == null || raw.isEmpty()) return Map.of();
        return Arrays.stream(raw.split("&")).map(each -> each.split("=", 2)).collect(
            Collectors.toMap(each -> each[0], each -> URLDecoder.decode(each[1], StandardCharsets.UTF_8)));
    }
}
