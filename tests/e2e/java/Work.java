/* A servlet whose requests are known: each takes 0.1 s, reads its body and answers 50,000 bytes. */

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

@WebServlet("/work")
public class Work extends HttpServlet {
    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        request.getInputStream().readAllBytes();
        if (request.getParameter("session") != null) request.getSession(true);
        try {
            Thread.sleep(100);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        response.setContentLength(50_000);
        response.getOutputStream().write(new byte[50_000]);
    }
}
