/* An MBean server that has the beans named in a file, served by Jolokia's own handler on loopback. */

import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.ObjectName;
import org.jolokia.backend.BackendManager;
import org.jolokia.config.ConfigKey;
import org.jolokia.config.Configuration;
import org.jolokia.http.HttpRequestHandler;
import org.jolokia.restrictor.AllowAllRestrictor;
import org.jolokia.util.LogHandler;

public class Beans {
    /* A whole number that grows: so much at the start, and so much a second. */
    static class Growing {
        final long start, rate, since = System.nanoTime();

        Growing(String start, String rate) {
            this.start = Long.parseLong(start);
            this.rate = Long.parseLong(rate);
        }

        Long now() { return start + (long) (rate * ((System.nanoTime() - since) / 1e9)); }
    }

    /* A bean with fixed attributes: whole numbers as Long, others as Double, "10+3" as a Growing. */
    static class Fixed implements DynamicMBean {
        final Map<String, Object> values = new LinkedHashMap<>();

        public Object getAttribute(String name) throws AttributeNotFoundException {
            if (!values.containsKey(name)) throw new AttributeNotFoundException(name);
            Object value = values.get(name);
            return value instanceof Growing ? ((Growing) value).now() : value;
        }

        public AttributeList getAttributes(String[] names) {
            AttributeList list = new AttributeList();
            for (String name : names) {
                try {
                    list.add(new Attribute(name, getAttribute(name)));
                } catch (AttributeNotFoundException absent) {
                    continue;
                }
            }
            return list;
        }

        public void setAttribute(Attribute attribute) { }
        public AttributeList setAttributes(AttributeList attributes) { return new AttributeList(); }
        public Object invoke(String action, Object[] parameters, String[] signature) { return null; }

        public MBeanInfo getMBeanInfo() {
            MBeanAttributeInfo[] infos = values.entrySet().stream()
                .map(e -> new MBeanAttributeInfo(e.getKey(), typeOf(e.getValue()), "", true, false, false))
                .toArray(MBeanAttributeInfo[]::new);
            return new MBeanInfo("Fixed", "", infos, null, null, null);
        }

        static String typeOf(Object value) {
            return value instanceof Growing ? "java.lang.Long" : value.getClass().getName();
        }
    }

    static Object number(String word) {
        if (word.contains(".")) return Double.valueOf(word);
        String[] parts = word.split("\\+");
        return parts.length == 2 ? new Growing(parts[0], parts[1]) : (Object) Long.valueOf(word);
    }

    static class Quiet implements LogHandler {
        public void debug(String message) { }
        public void info(String message) { }
        public void error(String message, Throwable error) { System.err.println(message); }
    }

    /* Lines: ObjectName <tab> attribute <tab> number. */
    static void register(String file) throws Exception {
        Map<String, Fixed> beans = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Paths.get(file))) {
            String[] words = line.split("\t");
            beans.computeIfAbsent(words[0], name -> new Fixed()).values.put(words[1], number(words[2]));
        }
        for (Map.Entry<String, Fixed> bean : beans.entrySet())
            ManagementFactory.getPlatformMBeanServer().registerMBean(bean.getValue(), new ObjectName(bean.getKey()));
    }

    public static void main(String[] args) throws Exception {
        register(args[1]);
        Configuration config = new Configuration(ConfigKey.AGENT_ID, "beans");
        BackendManager backend = new BackendManager(config, new Quiet(), new AllowAllRestrictor());
        HttpRequestHandler handler = new HttpRequestHandler(config, backend, new Quiet());
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        HttpServer server = HttpServer.create(new InetSocketAddress(loopback, Integer.parseInt(args[0])), 0);
        server.createContext("/jolokia", exchange -> {
            String text;
            try {
                text = handler.handlePostRequest("/jolokia", exchange.getRequestBody(), "utf-8", null).toJSONString();
            } catch (Throwable error) {
                text = handler.handleThrowable(error).toJSONString();
            }
            byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        while (in.readLine() != null) { }
        server.stop(0);
        System.exit(0);
    }
}
