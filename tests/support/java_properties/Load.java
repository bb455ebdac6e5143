import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;

/** Loads files as an InputStream: a line of Base64 each in the file that is named; their keys and values in the same form. */
class Load {
    public static void main(String[] arguments) throws Exception {
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            Properties properties = new Properties();
            List<String> shown = new ArrayList<>();
            try {
                properties.load(new ByteArrayInputStream(Base64.getDecoder().decode(line)));
                for (String key : new TreeSet<>(properties.stringPropertyNames())) {
                    shown.add(encoded(key) + "=" + encoded(properties.getProperty(key)));
                }
            } catch (IllegalArgumentException error) {
                shown.add("refused");
            }
            System.out.println(String.join(" ", shown));
        }
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_16BE)) ;
    }
}
