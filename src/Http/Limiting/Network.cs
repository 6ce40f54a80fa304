using System.Net;
using System.Net.Sockets;

namespace Events.Http.Limiting;

/// <summary>What one household or machine is on: an IPv4 address, or the /64 of an IPv6 one, of which somebody has 2⁶⁴.</summary>
internal static class Network
{
    public static string Of(HttpContext http) => Of(http.Connection.RemoteIpAddress);

    public static string Of(IPAddress? address)
    {
        if (address is null)
            return "local";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address.ToString();
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes).ToString();
    }
}
