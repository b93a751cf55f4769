// What a Java backend does with the REST API: the client of the JDK, as it comes.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Backend {
  public static void main(String[] args) throws Exception {
    var client = HttpClient.newHttpClient();
    var rooms = URI.create(args[0] + "/v2/rooms");
    var create = HttpRequest.newBuilder(rooms)
        .header("Authorization", args[1])
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString("{\"customRoomId\": \"from-java\"}"));
    var created = client.send(create.build(), BodyHandlers.ofString());
    System.out.println(created.statusCode() + " " + created.body());
    var list = HttpRequest.newBuilder(rooms).header("Authorization", args[1]).GET();
    var listed = client.send(list.build(), BodyHandlers.ofString());
    System.out.println(listed.statusCode() + " " + listed.body());
  }
}
