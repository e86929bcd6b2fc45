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
    /* A bean with fixed attributes: whole numbers as Long, others as Double. */
    static class Fixed implements DynamicMBean {
        final Map<String, Object> values = new LinkedHashMap<>();

        public Object getAttribute(String name) throws AttributeNotFoundException {
            if (!values.containsKey(name)) throw new AttributeNotFoundException(name);
            return values.get(name);
        }

        public AttributeList getAttributes(String[] names) {
            AttributeList list = new AttributeList();
            for (String name : names)
                if (values.containsKey(name)) list.add(new Attribute(name, values.get(name)));
            return list;
        }

        public void setAttribute(Attribute attribute) { }
        public AttributeList setAttributes(AttributeList attributes) { return new AttributeList(); }
        public Object invoke(String action, Object[] parameters, String[] signature) { return null; }

        public MBeanInfo getMBeanInfo() {
            MBeanAttributeInfo[] infos = values.entrySet().stream()
                .map(e -> new MBeanAttributeInfo(e.getKey(), e.getValue().getClass().getName(), "", true, false, false))
                .toArray(MBeanAttributeInfo[]::new);
            return new MBeanInfo("Fixed", "", infos, null, null, null);
        }
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
            Object value = words[2].contains(".") ? (Object) Double.valueOf(words[2]) : (Object) Long.valueOf(words[2]);
            beans.computeIfAbsent(words[0], name -> new Fixed()).values.put(words[1], value);
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
