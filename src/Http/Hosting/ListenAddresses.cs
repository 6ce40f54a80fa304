using System.Net;
using System.Net.Sockets;
using Events.Platform.Startup;

namespace Events.Http.Hosting;

/// <summary>
/// Looks at the addresses before anything is started, so that the commonest mistake is answered at once and with a sentence.
/// </summary>
internal static class ListenAddresses
{
    /// <param name="urls">As in <c>ASPNETCORE_URLS</c>: separated by semicolons.</param>
    /// <exception cref="CannotStartException">An address is taken or cannot be read.</exception>
    public static void RequireFree(string urls)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var address = Parse(url);
            if (address.Port == 0)
                continue;
            // "localhost" and names are bound by Kestrel on both loopbacks; one of them taken is already one too many.
            var host = IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) ? ip : address.Host == "localhost" ? IPAddress.Loopback : IPAddress.Any;
            if (!IsFree(new IPEndPoint(host, address.Port)))
                throw new CannotStartException($"{url} is in use by another program: stop it, or choose another port with ASPNETCORE_URLS.");
        }
    }

    private static BindingAddress Parse(string url)
    {
        try
        {
            return BindingAddress.Parse(url);
        }
        catch (FormatException error)
        {
            throw new CannotStartException($"ASPNETCORE_URLS takes addresses such as {EventsApplication.DefaultUrl}; {url} is none.", error);
        }
    }

    private static bool IsFree(IPEndPoint endpoint)
    {
        using var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endpoint);
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (SocketException error)
        {
            throw new CannotStartException($"The address {endpoint} cannot be listened on: {error.Message}.", error);
        }
    }
}
