/* A JVM with a known load, ruled by lines on its standard input; answers on its standard output. */

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;

public class Load {
    static volatile Object sink;
    static volatile long rate; // bytes per second
    static volatile long allocated; // bytes, by the loading thread itself

    public static void main(String[] args) throws Exception {
        rate = args.length > 0 ? Long.parseLong(args[0]) : 0;
        Thread loader = new Thread(Load::load, "loader");
        loader.setDaemon(true);
        loader.start();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("ready " + ProcessHandle.current().pid());
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.trim().split(" ");
            switch (words[0]) {
                case "rate": rate = Long.parseLong(words[1]); System.out.println("ok"); break;
                case "gc": for (int i = Integer.parseInt(words[1]); i > 0; i--) System.gc(); System.out.println("ok"); break;
                case "threads": for (int i = Integer.parseInt(words[1]); i > 0; i--) park(); System.out.println("ok"); break;
                case "beans": System.out.println(beans(loader)); break;
                default: System.out.println("unknown");
            }
        }
    }

    static void park() throws Exception {
        Thread thread = new Thread(() -> { try { Thread.sleep(3600000); } catch (InterruptedException e) { } });
        thread.setDaemon(true);
        thread.start();
    }

    static void load() {
        long start = System.nanoTime(), done = 0;
        while (true) {
            long now = System.nanoTime();
            long due = (now - start) / 1000000L * rate / 1000L;
            if (rate == 0) { start = now; done = 0; due = 0; }
            while (done < due) { sink = new byte[8176]; done += 8192; }
            try { Thread.sleep(2); } catch (InterruptedException e) { return; }
        }
    }

    static String beans(Thread loader) {
        StringBuilder text = new StringBuilder();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        text.append("allocated=").append(threads.getThreadAllocatedBytes(loader.getId()));
        text.append(";threads=").append(threads.getThreadCount());
        text.append(";daemons=").append(threads.getDaemonThreadCount());
        text.append(";started=").append(threads.getTotalStartedThreadCount());
        text.append(";heap=").append(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        text.append(";max=").append(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getMax());
        text.append(";classes=").append(ManagementFactory.getClassLoadingMXBean().getTotalLoadedClassCount());
        text.append(";uptime=").append(ManagementFactory.getRuntimeMXBean().getUptime());
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
            text.append(";gc:").append(bean.getName()).append("=").append(bean.getCollectionCount());
        }
        return text.toString();
    }
}
